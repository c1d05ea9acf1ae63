/* Foreverframe's client: made of client/*.js, documented in docs/client.md. */
!function(ne){var te,a,s,t,M,re,u,l,f,c,i,S,ye,d,E,p,m,O,L,U,I,v,k,oe,ce,se,r,ie,h;function ae(){return(new Date
).getTime()}function ue(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function g(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function y(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function C(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function w(e){try{
return ne.JSON?ne.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function T(){
return"hidden"!==te.visibilityState}function le(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function we(){
return ne.XMLHttpRequest?new ne.XMLHttpRequest:new ne.ActiveXObject("Microsoft.XMLHTTP")}function b(e,n,t,r){var o,c=we(
);return c.open(e,n,!0),o=C(s,c),c.onreadystatechange=function(){4===c.readyState&&(s[o]=null),r&&2<c.readyState&&r(c)},
c.send(t),c}function fe(e,n){try{b("POST",e,n)}catch(o){n=e,t=te.createElement("div"),r="foreverframe"+String(
Math.random()).substring(2),t.style.display="none",
t.innerHTML='<iframe name="'+r+'"></iframe><form method="post" target="'+r+'"></form>',te.body.appendChild(t),
t.lastChild.action=n,t.lastChild.submit(),setTimeout(function(){t.parentNode&&t.parentNode.removeChild(t)},M)}var t,r}
function de(e){return e.replace(/[^.]*$/,"")}function pe(e,n){return null!==e&&null!==n&&de(e)===de(n)&&e<=n}function N(
e){return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function R(){for(var e=l.pop();e;
)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function x(){try{return ne.localStorage||null}catch(e){return null}
}function me(e,n){var t=x(),r=i[e];try{r=r||t&&t.getItem(c+e)}catch(o){}return 0<(t=r?r-ae():0)&&t<=n?t:0}function ve(e,
n){var t=x();i[e]=n&&ae()+n;try{n?t.setItem(c+e,String(i[e])):t.removeItem(c+e)}catch(r){}}function Te(e,n){var t,r,o=!1
function c(e){o||(o=!0,clearTimeout(r),n(e))}r=ue(S,function(){c({state:"away"}),t.abort()});try{t=b("GET",e+"?at="+ae()
,null,function(e){4===e.readyState&&c(function(e){var n;try{return(n=w(e.responseText)||{}).state?n:n.code?{
state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{state:e.status&&e.status<500?"":"away"}}catch(t){return{state:"away"}}
}(e))})}catch(s){clearTimeout(r),ue(0,function(){c({state:""})})}}function he(e){return e.signs+":"+(e.sign?e.sign():"")
}function be(t,e,r,o){var c,s,i=Math.max(E,Math.min(e,r)/d),a=0,u=0,l=p;ue(i*Math.random(),function f(){var e=he(t),
n=ae()-s>i+m;t.isLive()&&(s=ae(),a++,e!==c?(c=e,u=0,l=p):t.isUnwatched||(u+=n?p:1),!t.isUnwatched&&a*i>O*Math.min(r,oe
)&&o.good(),r<=u*i?o.silent():(ue(i,f),l<=u?(l=u+d,o.missed()):n&&T()&&o.missed()))})}function Me(e,c){var n,s=String(
Math.random()),t=!1,r=0,i=0,o=ae()-v,a=!0,u=function(n,t){var r,o;function c(e){e.key===n&&e.newValue&&t(w(e.newValue))}
try{if(ne.BroadcastChannel)return(r=new ne.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){
r.postMessage(e)},close:function(){r.close()}};if((o=ne.localStorage).setItem(n,""),ne.addEventListener
)return ne.addEventListener("storage",c,!1),{say:function(e){o.setItem(n,ne.JSON.stringify(e))},close:function(){
ne.removeEventListener("storage",c,!1);try{o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){
u&&e&&e.from!==s&&("hello"===e.kind?t&&l("beat"):"bye"===e.kind?f():t&&!function(e){return e.visible===T(
)?e.from<s:e.visible}(e)?l("beat"):(t&&(t=!1,c.release()),o=ae(),a=!1,T()&&!e.visible&&f(),c.follow(e)))});function l(e,
n,t){var r={n:++i,from:s,kind:e,visible:T(),event:n,before:t};c.describe(r);try{u.say(r)}catch(o){}}function f(){o=ae(
)-v,a=!0}return u?(n=setInterval(function(){var e=ae()-o;r++,t?r%U!=0&&T()||l("beat"):e<0?o=ae():a&&e>(T()?v:k)?(t=!0,l(
"beat"),c.hold()):I<e&&(a=!0,l("hello"))},L),l("hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){
clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}function ge(e,n){return 0<e?Number(e):n}function n(n){y(ie.slice(0
),function(e){e[n]()})}function o(){se=!0,n("begin")}function A(){n("wake")}ne.foreverframe&&ne.foreverframe.open||(
te=ne.document,a=ne.location,s=[],t=2147483647,M=1e4,u=[],l=[],(re={}).frame=function(n){var e,t=n.origin!==le(a),
r=t?te:function(){try{return f||((f=new ne.ActiveXObject("htmlfile")).open(),f.write("<html><body></body></html>"),
f.close(),f.parentWindow.foreverframe=h),f.body?f:te}catch(e){return te}}(),o=r.createElement("iframe"),c=C(u,n),
s="push"+(c||""),i=!1;h[s]=function(e){u[c]&&u[c].receive(e)},n.stop=function(){clearInterval(e),u[c]=null,l[l.length]=o
,setTimeout(R,0)},t?n.isSource=function(e){return e&&e==o.contentWindow}:r===te&&ne.addEventListener?(n.sign=function(){
var e=o;try{return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}},e=setInterval(function(
){var e=function(e){try{return e.contentWindow.document.readyState}catch(n){return"denied"}}(o);(
"denied"===e||i&&"loading"!==e)&&n.end(),i=i||0<n.signs&&"loading"===e},250)):n.isUnwatched=!0,g(o,"load",function(){
n.end(function(e){var n;try{return n=e.contentWindow.document.getElementsByTagName("script"),w(
/\{"type":"error".*\}/.exec(n[n.length-1].text)[0])}catch(t){return null}}(o))}),o.style.display="none",
o.referrerPolicy="origin",o.src=n.url(t?"&origin="+encodeURIComponent(le(a)):"&callback=parent.foreverframe."+s),
r.body.appendChild(o)},g(ne,"message",function(n){y(u,function(e){e&&e.isSource&&e.isSource(n.source
)&&n.origin===e.origin&&e.receive(w(n.data))})}),re.poll=function(c){var n,s,i=null;function a(r){var o=ae(),
e="&wait="+r+(i?"&stream="+encodeURIComponent(i):"");c.limit(1e3*r),n=b("GET",c.url(e+"&at="+o),null,function(e){var n,t
4===e.readyState&&(e=w(e.responseText),n=r&&ae()-o<1e3,(t=e&&e.messages)&&e.gaps?(e.stream!==i&&(i=e.stream,c.receive({
type:"open",stream:i,cursor:t.length?null:e.cursor,close:"streams/"+i+"/close"})),y(e.gaps,c.receive),y(t,c.receive),
c.receive({type:"cursor",cursor:e.cursor}),e.reason?c.receive({type:"close",reason:e.reason,reconnect:!e.stop,retryMs:0,
cursor:e.cursor}):c.isOnce&&!t.length?c.end():c.isLive()&&n&&!t.length?(c.limit(5e3),s=setTimeout(function(){a(25)},5e3)
):c.isLive()&&a(c.isOnce?0:25)):c.end(N(e)))})}c.isUnwatched=!0,c.stop=function(){clearTimeout(s),n&&n.abort()},a(0)},
re.ndjson=function(r){var o=0,e=b("GET",r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");
o=n.length-t.pop().length,r.signs=n.length,y(t,function(e){r.receive(w(e))}),4===e.readyState?r.end(N(w(n))
):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})});r.stop=function(){e.abort()}},re.sse=function(n){
var t=new ne.EventSource(n.url(""));y(["message","ff-open","ff-cursor","ff-gap","ff-close"],function(e){
t.addEventListener(e,function(e){n.receive(w(e.data))})}),t.onerror=function(){n.end()},n.isUnwatched=!0,
n.stop=function(){t.close()}},c="foreverframe.path ",i={},ye=/^(client|admin|expired|replaced)$/,d=10,p=12,I=1200,k=2400
,m=S=5e3,v=2e3,oe=4e4,U=O=4,E=50,L=250,ce=!(re.ws=function(n){var e=new ne.WebSocket(n.url("").replace(/^http/,"ws"));
e.onmessage=function(e){n.receive(w(e.data))},e.onclose=function(){n.end()},n.stop=function(){e.close()}}),se=!1,ie=[],
h={open:function(s){n=(s.url||"")+"stream",r=te.createElement("div"),(e=te.createElement("a")).href=n,
ne.addEventListener||(r.innerHTML='<a href="'+n.replace(/&/g,"&amp;").replace(/"/g,"&quot;")+'"></a>',e=r.firstChild);
var e,o,i,t,n,r=e,a=r.href,u=le(r),l=!s.transport||"auto"===s.transport,c=ge(s.retryMs,5e3),P=Math.min(ge(s.silentMs,oe
)/4,3e4),f=ge(s.frameAgainMs,6e5),d=null,p=null,m=15e3,v=0,h=0,g=!1,y=null,w=f/16,T=null,b=!1,M=0,S=!1,E={},O={
state:"connecting",cursor:null,stream:null,transport:null,close:function(){F()||"closing"===O.state||(!d||d.isOnce?(
y&&fe(y,""),C("client")):(B(),N(p),fe(y,""),I(2e3,function(){C("client")}),U("closing",{})))},ack:function(){
d&&y&&null!==O.cursor&&fe(y.replace(/close$/,"ack"),'{"cursor":"'+O.cursor+'"}')}},$={begin:Q,hide:function(){y&&(
!function(e){var n;try{ne.navigator.sendBeacon&&ne.navigator.sendBeacon(e,"")||((n=we()).open("POST",e,!1),n.send(""))
}catch(t){}}(y),y=null);S=!0,W()},show:function(){S&&(S=!1,"closing"===O.state?C("client"):se&&Q())},loaded:function(){
!D()||p||me(u,f)||J()},wake:function(){("lost"!==O.state||b||S?q:x)()}};function L(e,n,t){if(s[e])try{s[e](n,t)}catch(r
){setTimeout(function(){throw r},0)}}function U(e,n){L("onstate",O.state=e,E=n)}function I(e,n){clearTimeout(i),i=ue(e,n
)}function F(){return"closed"===O.state||"refused"===O.state}function k(e,n,t){W(),function(e){var n;for(
n=0;n<ie.length;n++)if(ie[n]===e)return ie.splice(n,1)}($),U(e,n),L(t,n)}function C(e){k("closed",{type:"close",
reason:e,reconnect:!1,retryMs:0,cursor:O.cursor},"onclose")}function W(){clearTimeout(i),N(p),N(d),B()}function B(){T&&(
T.leave(),T=null)}function N(e){e&&(clearTimeout(e.timer),e===p&&(p=null),e===d&&(d=null,O.stream=null),e.stop&&(e.stop(
),e.stop=null),e.isOnce)&&e.closeUrl&&fe(e.closeUrl,"")}function X(e){e&&e===d&&y&&(fe(y,""),y=null),N(e)}function R(t,e
,n){var c={transport:t,origin:u,isOnce:n,isEarly:!ce,signs:0,url:function(e){return a+(
n="?transport="+t+"&channels="+encodeURIComponent(String(s.channels)),null!==O.cursor?n+="&after="+encodeURIComponent(
O.cursor):s.after?n+="&after="+encodeURIComponent(s.after):s.last&&(n+="&last="+encodeURIComponent(s.last)),s.client&&(
n+="&client="+encodeURIComponent(s.client)),n)+e;var n},isLive:function(){return c===d||c===p},receive:function(e){var n
,t,r,o;c.signs++,e&&c.isLive()&&(o=c,"open"===(e=e).type?(t=e,(n=o).closeUrl=a.replace(/stream$/,"")+t.close,
"closing"===O.state?fe(y=n.closeUrl,""):(n!==d&&(d&&!d.isOnce&&(h=1),X(d),p=null),d=n,v=0,g=!1,m=ge(t.heartbeatMs,m),
y=n.isOnce?null:n.closeUrl,O.stream=n.isOnce?null:t.stream,O.transport=n.isOnce?"shared":n.transport,function(e){
return null!==e&&null!==O.cursor&&de(e)!==de(O.cursor)}(t.cursor)||V(t.cursor),clearTimeout(n.timer),clearTimeout(i),be(
r=n,m,ge(s.silentMs,3*m),{good:function(){h=0,w=f/16},missed:q,silent:function(){h++,A(r,null,"silent")}}),D()&&(
n.isEarly||me(u,f)||ve(u,w),G()),"frame"===n.transport&&ve(u,0),n.isOnce?U("open",{transport:"shared"}):(U("open",t),L(
"onopen",t)))):"error"===e.type?A(o,e):o===d&&K(e))},end:function(e){c.isLive()&&A(c,e,c===d?"cut":"failed")},
limit:function(e){clearTimeout(c.timer),c.timer=setTimeout(function(){A(c,null,"silent")},e+P)}};N(p),(p=c).limit(0);
try{re[t](c)}catch(r){setTimeout(function(){c.end(l?null:{type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+t+'" ('+r.message+'): take "auto" instead',reconnect:!1})},0)}d||U("connecting",{
transport:t,reason:e||null})}function x(){clearTimeout(i),l?me(u,f)?R("poll","remembered"):ce?R("frame"):R("poll",
"loading"):R(s.transport)}function _(e,n,t){var r=e;t&&(g=!(Math.abs(ae()-o)<3e4),o=g?ae():o),0<e||(r=(g?c/5:c
)*Math.pow(2,v),r=Math.min(r,Math.max(c,3e4)),r*=g?.5+Math.random():.75+Math.random()/2,r=Math.round(r)),v++,I(r,x),U(
"lost",{retryMs:r,reason:n})}function A(e,n,t,r){var o=e===d,c=l&&"frame"===e.transport;("silent"===t?X:N)(e),
e.isOnce&&n&&!n.reconnect?j(n):e.isOnce?M=o?0:5:"closing"===O.state?C("client"):d?(ve(u,w),G()):n?j(n):c&&(
!o||e.isHeld||1<h)?(h=0,R("poll",t)):(o||ve(u,0),_(r||0,t,o))}function j(e){e.reconnect?(_(0,e.code),L("onerror",e)):k(
"refused",e,"onerror")}function q(){var e,n=d;function t(){return n===d&&"open"===O.state&&he(n)===e}
!n||n.isOnce||n.isAsking||"open"!==O.state||(e=he(n),n.isAsking=!0,Te(n.closeUrl.replace(/\/close$/,""),function(e){
n.isAsking=!1,t()&&("away"===e.state?A(n,null,"cut"):"closed"===e.state&&ye.test(e.receipt.reason)?z({type:"close",
reason:e.receipt.reason,reconnect:!1,retryMs:0,cursor:e.cursor}):"closed"===e.state||"unknown"===e.state?A(n,null,"cut",
1):"open"===e.state&&ue(1e3,function(){t()&&!pe(e.cursor,O.cursor)&&(n.isHeld=!0,A(n,null,"silent"))}))}))}function G(){
I(me(u,f),function(){w=Math.min(2*w,f),J()})}function J(){ce&&R("frame","again")}function D(){
return l&&d&&"poll"===d.transport&&!d.isOnce}function V(e){return null!==e&&!pe(e,O.cursor)&&(O.cursor=e,1)}function H(e
,n){T&&T.tell(e,n)}function K(e){var n=O.cursor;"message"===e.type?V(e.id)&&(H(e,n),L("onmessage",e)
):"cursor"===e.type?V(e.cursor)&&H(e,n):"gap"===e.type?("epoch"===e.reason&&(O.cursor=e.upTo,t=e.after+e.upTo),H(e,n),L(
"ongap",e)):"close"===e.type&&z(e)}function z(e){var n=d;y=null,"closing"===O.state?C(e.reconnect?"client":e.reason
):e.reconnect?n.isOnce?(N(n),M=5):"recycle"===e.reason?(d=null,O.stream=null,R(n.transport,"recycle"),N(n)):(N(n),_(
e.retryMs,e.reason)):(H(e,O.cursor),k("closed",e,"onclose"))}function Q(){F()||S||T||p||d||(s.share&&(T=Me([
"foreverframe",a,s.channels,s.client].join("\n"),{describe:function(e){e.state=O.state,e.reason=E.reason,
e.retryMs=E.retryMs,e.cursor=O.cursor,e.restart=t},hold:Y,release:Z,follow:ee})),b=!!T,T)||x()}function Y(){b=!1,N(p),N(
d),x()}function Z(){b=!0,clearTimeout(i),N(p),X(d),O.transport="shared"}function ee(e){var n=e.event;
n&&"close"===n.type?k("closed",n,"onclose"):(n&&pe(e.before,O.cursor)&&K(n),"beat"===e.kind&&0<M&&M--,F()||p||d||0<M||(
"open"!==e.state||pe(e.cursor,O.cursor)&&e.restart===t?e.state!==O.state&&/^(connecting|open|lost)$/.test(e.state)&&U(
e.state,{transport:"shared",reason:e.reason,retryMs:e.retryMs}):(t=e.restart,R("poll","shared",!0))))}if(
!l&&!re.hasOwnProperty(s.transport))throw new Error('foreverframe: there is no transport "'+s.transport+'"');if(
/^https?:$/.test(r.protocol))return n=$,ie[ie.length]=n,se&&setTimeout(n.begin,0),O;throw new Error(
'foreverframe: "'+s.url+'" is no address of a server')}},"complete"===te.readyState?ce=se=!0:(g(ne,"load",function(){
setTimeout(function(){ce=!0,o(),n("loaded")},50)}),setTimeout(function e(){te.body?o():setTimeout(e,250)},1e4)),g(ne,
"onpagehide"in ne?"pagehide":"unload",function(){n("hide"),R()}),g(ne,"pageshow",function(e){e.persisted&&n("show")}),g(
ne,"online",A),g(te,"visibilitychange",function(){T()?ae()-r>m&&A():r=ae()}),ne.foreverframe=h)}(window);
