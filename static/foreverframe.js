/* Foreverframe's client: made of client/*.js, documented in docs/client.md. */
!function(ne){var te,i,a,t,M,re,u,l,f,c,s,E,ye,d,S,m,p,O,L,U,I,v,k,oe,ce,ae,r,se,h;function ie(){return(new Date
).getTime()}function ue(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function g(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function y(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function C(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function w(e){try{
return ne.JSON?ne.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function T(){
return"hidden"!==te.visibilityState}function le(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function we(){
return ne.XMLHttpRequest?new ne.XMLHttpRequest:new ne.ActiveXObject("Microsoft.XMLHTTP")}function b(e,n,t,r){var o,c=we(
);return c.open(e,n,!0),o=C(a,c),c.onreadystatechange=function(){4===c.readyState&&(a[o]=null),r&&2<c.readyState&&r(c)},
c.send(t),c}function fe(e,n){try{b("POST",e,n)}catch(o){n=e,t=te.createElement("div"),r="foreverframe"+String(
Math.random()).substring(2),t.style.display="none",
t.innerHTML='<iframe name="'+r+'"></iframe><form method="post" target="'+r+'"></form>',te.body.appendChild(t),
t.lastChild.action=n,t.lastChild.submit(),setTimeout(function(){t.parentNode&&t.parentNode.removeChild(t)},M)}var t,r}
function de(e){return e.replace(/[^.]*$/,"")}function me(e,n){return null!==e&&null!==n&&de(e)===de(n)&&e<=n}function N(
e){return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function R(){for(var e=l.pop();e;
)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function x(e){try{return e.contentWindow.document.readyState}catch(
n){return"denied"}}function A(){try{return ne.localStorage||null}catch(e){return null}}function pe(e,n){var t=A(),r=s[e]
try{r=r||t&&t.getItem(c+e)}catch(o){}return 0<(t=r?r-ie():0)&&t<=n?t:0}function ve(e,n){var t=A();s[e]=n&&ie()+n;try{
n?t.setItem(c+e,String(s[e])):t.removeItem(c+e)}catch(r){}}function Te(e,n){var t,r,o=!1;function c(e){o||(o=!0,
clearTimeout(r),n(e))}r=ue(E,function(){c({state:"away"}),t.abort()});try{t=b("GET",e+"?at="+ie(),null,function(e){
4===e.readyState&&c(function(e){var n;try{return(n=w(e.responseText)||{}).state?n:n.code?{
state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{state:e.status&&e.status<500?"":"away"}}catch(t){return{state:"away"}}
}(e))})}catch(a){clearTimeout(r),ue(0,function(){c({state:""})})}}function he(e){return e.signs+":"+(e.sign?e.sign():"")
}function be(t,e,r,o){var c,a=Math.max(S,Math.min(e,r)/d),s=0,i=0,u=m,l=ie();ue(a*Math.random(),function f(){var e=he(t)
,n=ie()-l>a+p;t.isLive()&&(l=ie(),s++,e!==c?(c=e,i=0,u=m):t.isUnwatched||(i+=n?m:1),!t.isUnwatched&&s*a>O*Math.min(r,oe
)&&o.good(),r<=i*a?o.silent():(ue(a,f),u<=i?(u=i+d,o.missed()):n&&T()&&o.missed()))})}function Me(e,c){var n,a=String(
Math.random()),t=!1,r=0,s=0,o=ie()-v,i=!0,u=function(n,t){var r,o;function c(e){e.key===n&&e.newValue&&t(w(e.newValue))}
try{if(ne.BroadcastChannel)return(r=new ne.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){
r.postMessage(e)},close:function(){r.close()}};if((o=ne.localStorage).setItem(n,""),ne.addEventListener
)return ne.addEventListener("storage",c,!1),{say:function(e){o.setItem(n,ne.JSON.stringify(e))},close:function(){
ne.removeEventListener("storage",c,!1);try{o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){
u&&e&&e.from!==a&&("hello"===e.kind?t&&l("beat"):"bye"===e.kind?f():t&&!function(e){return e.visible===T(
)?e.from<a:e.visible}(e)?l("beat"):(t&&(t=!1,c.release()),o=ie(),i=!1,T()&&!e.visible&&f(),c.follow(e)))});function l(e,
n,t){var r={n:++s,from:a,kind:e,visible:T(),event:n,before:t};c.describe(r);try{u.say(r)}catch(o){}}function f(){o=ie(
)-v,i=!0}return u?(n=setInterval(function(){var e=ie()-o;r++,t?r%U!=0&&T()||l("beat"):e<0?o=ie():i&&e>(T()?v:k)?(t=!0,l(
"beat"),c.hold()):I<e&&(i=!0,l("hello"))},L),l("hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){
clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}function ge(e,n){return 0<e?Number(e):n}function n(n){y(se.slice(0
),function(e){e[n]()})}function o(){ae=!0,n("begin")}function H(){n("wake")}ne.foreverframe&&ne.foreverframe.open||(
te=ne.document,i=ne.location,a=[],t=2147483647,M=1e4,u=[],l=[],(re={}).frame=function(n){var e,t=n.origin!==le(i),
r=t?te:function(){try{return f||((f=new ne.ActiveXObject("htmlfile")).open(),f.write("<html><body></body></html>"),
f.close(),f.parentWindow.foreverframe=h),f.body?f:te}catch(e){return te}}(),o=r.createElement("iframe"),c=C(u,n),
a="push"+(c||""),s=!1;h[a]=function(e){s=s||"loading"===x(o),u[c]&&u[c].receive(e)},n.stop=function(){clearInterval(e),
u[c]=null,l[l.length]=o,setTimeout(R,0)},t?n.isSource=function(e){return e&&e==o.contentWindow
}:r===te&&ne.addEventListener?(n.sign=function(){var e=o;try{
return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}},e=setInterval(function(){var e=x(o)
;("denied"===e||s&&"loading"!==e)&&n.end()},250)):n.isUnwatched=!0,g(o,"load",function(){n.end(function(e){var n;try{
return n=e.contentWindow.document.getElementsByTagName("script"),w(/\{"type":"error".*\}/.exec(n[n.length-1].text)[0])
}catch(t){return null}}(o))}),o.style.display="none",o.referrerPolicy="origin",o.src=n.url(
t?"&origin="+encodeURIComponent(le(i)):"&callback=parent.foreverframe."+a),r.body.appendChild(o)},g(ne,"message",
function(n){y(u,function(e){e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(w(n.data))})}),
re.poll=function(c){var n,a,s=null;function i(r){var o=ie(),e="&wait="+r+(s?"&stream="+encodeURIComponent(s):"");
c.limit(1e3*r),n=b("GET",c.url(e+"&at="+o),null,function(e){var n,t;4===e.readyState&&(e=w(e.responseText),n=r&&ie(
)-o<1e3,(t=e&&e.messages)&&e.gaps?(e.stream!==s&&(s=e.stream,c.receive({type:"open",stream:s,
cursor:t.length?null:e.cursor,close:"streams/"+s+"/close"})),y(e.gaps,c.receive),y(t,c.receive),c.receive({
type:"cursor",cursor:e.cursor}),e.reason?c.receive({type:"close",reason:e.reason,reconnect:!e.stop,retryMs:0,
cursor:e.cursor}):c.isOnce&&!t.length?c.end():c.isLive()&&n&&!t.length?(c.limit(5e3),a=setTimeout(function(){i(25)},5e3)
):c.isLive()&&i(c.isOnce?0:25)):c.end(N(e)))})}c.isUnwatched=!0,c.stop=function(){clearTimeout(a),n&&n.abort()},i(0)},
re.ndjson=function(r){var o=0,e=b("GET",r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");
o=n.length-t.pop().length,r.signs=n.length,y(t,function(e){r.receive(w(e))}),4===e.readyState?r.end(N(w(n))
):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})});r.stop=function(){e.abort()}},re.sse=function(n){
var t=new ne.EventSource(n.url(""));y(["message","ff-open","ff-cursor","ff-gap","ff-close"],function(e){
t.addEventListener(e,function(e){n.receive(w(e.data))})}),t.addEventListener("ff-error",function(e){n.end(w(e.data))}),
t.onerror=function(){n.end()},n.isUnwatched=!0,n.stop=function(){t.close()}},c="foreverframe.path ",s={},
ye=/^(client|admin|expired|replaced)$/,d=10,m=12,I=1200,k=2400,p=E=5e3,v=2e3,oe=4e4,U=O=4,S=50,L=250,ce=!(
re.ws=function(n){var e=new ne.WebSocket(n.url("").replace(/^http/,"ws"));e.onmessage=function(e){n.receive(w(e.data))},
e.onclose=function(){n.end()},n.stop=function(){e.close()}}),ae=!1,se=[],h={open:function(a){n=(a.url||"")+"stream",
r=te.createElement("div"),(e=te.createElement("a")).href=n,ne.addEventListener||(r.innerHTML='<a href="'+n.replace(/&/g,
"&amp;").replace(/"/g,"&quot;")+'"></a>',e=r.firstChild);var e,o,s,t,n,r=e,i=r.href,u=le(r),
l=!a.transport||"auto"===a.transport,c=ge(a.retryMs,5e3),P=Math.min(ge(a.silentMs,oe)/4,3e4),f=ge(a.frameAgainMs,6e5),
d=null,m=null,p=15e3,v=0,h=0,g=!1,y=null,w=f/16,T=null,b=!1,M=0,E=!1,S={},O={state:"connecting",cursor:null,stream:null,
transport:null,close:function(){F()||"closing"===O.state||(!d||d.isOnce?(y&&fe(y,""),C("client")):(B(),N(m),fe(y,""),I(
2e3,function(){C("client")}),U("closing",{})))},ack:function(){d&&y&&null!==O.cursor&&fe(y.replace(/close$/,"ack"),
'{"cursor":"'+O.cursor+'"}')}},$={begin:Q,hide:function(){y&&(!function(e){var n;try{
ne.navigator.sendBeacon&&ne.navigator.sendBeacon(e,"")||((n=we()).open("POST",e,!1),n.send(""))}catch(t){}}(y),y=null);
E=!0,W()},show:function(){E&&(E=!1,"closing"===O.state?C("client"):ae&&Q())},loaded:function(){!D()||m||pe(u,f)||J()},
wake:function(){("lost"!==O.state||b||E?q:x)()}};function L(e,n,t){if(a[e])try{a[e](n,t)}catch(r){setTimeout(function(){
throw r},0)}}function U(e,n){L("onstate",O.state=e,S=n)}function I(e,n){clearTimeout(s),s=ue(e,n)}function F(){
return"closed"===O.state||"refused"===O.state}function k(e,n,t){W(),function(e){var n;for(n=0;n<se.length;n++)if(se[n
]===e)return se.splice(n,1)}($),U(e,n),L(t,n)}function C(e){k("closed",{type:"close",reason:e,reconnect:!1,retryMs:0,
cursor:O.cursor},"onclose")}function W(){clearTimeout(s),N(m),N(d),B()}function B(){T&&(T.leave(),T=null)}function N(e){
e&&(clearTimeout(e.timer),e===m&&(m=null),e===d&&(d=null,O.stream=null),e.stop&&(e.stop(),e.stop=null),e.isOnce
)&&e.closeUrl&&fe(e.closeUrl,"")}function X(e){e&&e===d&&y&&(fe(y,""),y=null),N(e)}function R(t,e,n){var c={transport:t,
origin:u,isOnce:n,isEarly:!ce,signs:0,url:function(e){return i+(n="?transport="+t+"&channels="+encodeURIComponent(
String(a.channels)),null!==O.cursor?n+="&after="+encodeURIComponent(O.cursor):a.after?n+="&after="+encodeURIComponent(
a.after):a.last&&(n+="&last="+encodeURIComponent(a.last)),a.client&&(n+="&client="+encodeURIComponent(a.client)),n)+e;
var n},isLive:function(){return c===d||c===m},receive:function(e){var n,t,r,o;c.signs++,e&&c.isLive()&&(o=c,"open"===(
e=e).type?(t=e,(n=o).closeUrl=i.replace(/stream$/,"")+t.close,"closing"===O.state?fe(y=n.closeUrl,""):(n!==d&&(
d&&!d.isOnce&&(h=1),X(d),m=null),d=n,v=0,g=!1,p=ge(t.heartbeatMs,p),y=n.isOnce?null:n.closeUrl,
O.stream=n.isOnce?null:t.stream,O.transport=n.isOnce?"shared":n.transport,function(e){
return null!==e&&null!==O.cursor&&de(e)!==de(O.cursor)}(t.cursor)||V(t.cursor),clearTimeout(n.timer),clearTimeout(s),be(
r=n,p,ge(a.silentMs,3*p),{good:function(){h=0,w=f/16},missed:q,silent:function(){h++,A(r,null,"silent")}}),D()&&(
n.isEarly||pe(u,f)||ve(u,w),G()),"frame"===n.transport&&ve(u,0),n.isOnce?U("open",{transport:"shared"}):(U("open",t),L(
"onopen",t)))):"error"===e.type?A(o,e):o===d&&K(e))},end:function(e){c.isLive()&&A(c,e,c===d?"cut":"failed")},
limit:function(e){clearTimeout(c.timer),c.timer=setTimeout(function(){A(c,null,"silent")},e+P)}};N(m),(m=c).limit(0);
try{re[t](c)}catch(r){setTimeout(function(){c.end(l?null:{type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+t+'" ('+r.message+'): take "auto" instead',reconnect:!1})},0)}d||U("connecting",{
transport:t,reason:e||null})}function x(){clearTimeout(s),l?pe(u,f)?R("poll","remembered"):ce?R("frame"):R("poll",
"loading"):R(a.transport)}function _(e,n,t){var r=e;t&&(g=!(Math.abs(ie()-o)<3e4),o=g?ie():o),0<e&&c!==Infinity||(
r=g?c/5:c,r*=Math.pow(2,Math.max(0,g?v-1:v)),r=Math.min(r,Math.max(c,3e4)),r*=g?.5+Math.random():.75+Math.random()/2,
r=Math.round(r)),v++,I(r,x),U("lost",{retryMs:r,reason:n})}function A(e,n,t,r){var o=e===d,c=l&&"frame"===e.transport;(
"silent"===t?X:N)(e),e.isOnce&&n&&!n.reconnect?j(n):e.isOnce?M=o?0:5:"closing"===O.state?C("client"):d?(ve(u,w),G()
):n?j(n):c&&(!o||e.isHeld||1<h)?(h=0,R("poll",t)):(o||ve(u,0),_(r||0,t,o))}function j(e){e.reconnect?(_(0,e.code),L(
"onerror",e)):k("refused",e,"onerror")}function q(){var t,r=d;function o(){return r===d&&"open"===O.state}
r&&!r.isOnce&&!r.isAsking&&o()&&(t=he(r),r.isAsking=!0,Te(r.closeUrl.replace(/\/close$/,""),function(e){
var n="closed"===e.state&&ye.test(e.receipt.reason);r.isAsking=!1,o()&&("unknown"===e.state||"closed"===e.state&&!n?A(r,
null,"cut",1):"away"===e.state&&he(r)===t?A(r,null,"cut"):"away"===e.state?ue(1e3,q):e.state&&ue(1e3,function(){o()&&(
n?z({type:"close",reason:e.receipt.reason,reconnect:!1,retryMs:0,cursor:e.cursor}):he(r)!==t||me(e.cursor,O.cursor)||(
r.isHeld=!0,A(r,null,"silent")))}))}))}function G(){I(pe(u,f),function(){w=Math.min(2*w,f),J()})}function J(){ce&&R(
"frame","again")}function D(){return l&&d&&"poll"===d.transport&&!d.isOnce}function V(e){return null!==e&&!me(e,O.cursor
)&&(O.cursor=e,1)}function H(e,n){T&&T.tell(e,n)}function K(e){var n=O.cursor;"message"===e.type?V(e.id)&&(H(e,n),L(
"onmessage",e)):"cursor"===e.type?V(e.cursor)&&H(e,n):"gap"===e.type?("epoch"===e.reason&&(O.cursor=e.upTo,
t=e.after+e.upTo),H(e,n),L("ongap",e)):"close"===e.type&&z(e)}function z(e){var n=d;y=null,"closing"===O.state?C(
e.reconnect?"client":e.reason):e.reconnect?n.isOnce?(N(n),M=5):"recycle"===e.reason?(d=null,O.stream=null,R(n.transport,
"recycle"),N(n)):(N(n),_(e.retryMs,e.reason)):(H(e,O.cursor),k("closed",e,"onclose"))}function Q(){F()||E||T||m||d||(
a.share&&(T=Me(["foreverframe",i,a.channels,a.client].join("\n"),{describe:function(e){e.state=O.state,e.reason=S.reason
,e.retryMs=S.retryMs,e.cursor=O.cursor,e.restart=t},hold:Y,release:Z,follow:ee})),b=!!T,T)||x()}function Y(){b=!1,N(m),
N(d),x()}function Z(){b=!0,clearTimeout(s),N(m),X(d),O.transport="shared"}function ee(e){var n=e.event;
n&&"close"===n.type?k("closed",n,"onclose"):(n&&me(e.before,O.cursor)&&K(n),"beat"===e.kind&&0<M&&M--,F()||m||d||0<M||(
"open"!==e.state||me(e.cursor,O.cursor)&&e.restart===t?e.state!==O.state&&/^(connecting|open|lost)$/.test(e.state)&&U(
e.state,{transport:"shared",reason:e.reason,retryMs:e.retryMs}):(t=e.restart,R("poll","shared",!0))))}if(
!l&&!re.hasOwnProperty(a.transport))throw new Error('foreverframe: there is no transport "'+a.transport+'"');if(
/^https?:$/.test(r.protocol))return n=$,se[se.length]=n,ae&&setTimeout(n.begin,0),O;throw new Error(
'foreverframe: "'+a.url+'" is no address of a server')}},"complete"===te.readyState?ce=ae=!0:(g(ne,"load",function(){
setTimeout(function(){ce=!0,o(),n("loaded")},50)}),setTimeout(function e(){te.body?o():setTimeout(e,250)},1e4)),g(ne,
"onpagehide"in ne?"pagehide":"unload",function(){n("hide"),R()}),g(ne,"pageshow",function(e){e.persisted&&n("show")}),g(
ne,"online",H),g(te,"visibilitychange",function(){T()?ie()-r>p&&H():r=ie()}),ne.foreverframe=h)}(window);
