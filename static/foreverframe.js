/* Foreverframe's client: made of client/, documented in docs/client.md. */
!function(ue){var le,s,i,t,fe,u,l,f,c,a,ke,Ce,de,d,y,p,m,w,pe,me,r,ve,v;function he(){return(new Date).getTime()}
function ge(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function h(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function g(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function b(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function ye(e){try{
return ue.JSON?ue.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function we(){
return"hidden"!==le.visibilityState}function be(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function M(){
return ue.XMLHttpRequest?new ue.XMLHttpRequest:new ue.ActiveXObject("Microsoft.XMLHTTP")}function Me(e,n,t,r){var o,c=M(
);return c.open(e,n,!0),o=b(i,c),c.onreadystatechange=function(){4===c.readyState&&(i[o]=null),r&&2<c.readyState&&r(c)},
c.send(t),c}function Te(e,n){try{Me("POST",e,n)}catch(t){!function(e){var n=le.createElement("div"),
t="foreverframe"+String(Math.random()).substring(2);n.style.display="none",
n.innerHTML='<iframe name="'+t+'"></iframe><form method="post" target="'+t+'"></form>',le.body.appendChild(n),
n.lastChild.action=e,n.lastChild.submit(),setTimeout(function(){n.parentNode&&n.parentNode.removeChild(n)},1e4)}(e)}}
function Ne(e){var n;try{ue.navigator.sendBeacon&&ue.navigator.sendBeacon(e,"")||((n=M()).open("POST",e,!1),n.send(""))
}catch(t){}}function Se(e,n){return 0<e?Number(e):n}function Re(e){return!e.transport||"auto"===e.transport}function Ee(
e){return e.replace(/[^.]*$/,"")}function Oe(e,n){return null!==e&&null!==n&&Ee(e)===Ee(n)&&e<=n}function $e(e,n){
return{type:"close",reason:e,reconnect:!1,retryMs:0,cursor:n}}function T(e){return e&&/^FF_/.test(e.code)?{type:"error",
code:e.code,status:e.status,detail:e.detail,reconnect:408===e.status||429===e.status||500<=e.status}:null}function S(){
for(var e=l.pop();e;)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function E(e){try{
return e.contentWindow.document.readyState}catch(n){return"denied"}}function O(){try{return ue.localStorage||null}catch(
e){return null}}function Ue(e,n){var t=O(),r=a[e];try{r=r||t&&t.getItem(c+e)}catch(o){}return 0<(t=r?r-he():0)&&t<=n?t:0
}function Le(e,n){var t=O();a[e]=n&&he()+n;try{n?t.setItem(c+e,String(a[e])):t.removeItem(c+e)}catch(r){}}function Ie(e
){return e.signs+":"+(e.sign?e.sign():"")}function xe(t,e,r,o){var c,i=Math.max(y,Math.min(e,r)/d),a=0,s=0,u=p,l=he();
ge(i*Math.random(),function f(){var e=Ie(t),n=he()-l>i+m;t.isLive()&&(l=he(),a++,e!==c?(c=e,s=0,u=p):t.isUnwatched||(
s+=n?p:1),!t.isUnwatched&&a*i>w*Math.min(r,de)&&o.good(),r<=s*i?o.silent():(ge(i,f),u<=s?(u=s+d,o.missed()):n&&we(
)&&o.missed()))})}function n(n){g(ve.slice(0),function(e){e[n]()})}function o(){me=!0,n("begin")}function U(){n("wake")}
ue.foreverframe&&ue.foreverframe.open||(le=ue.document,s=ue.location,i=[],t=2147483647,u=[],l=[],(fe={}).frame=function(
n){var e,t=n.origin!==be(s),r=t?le:function(){try{return f||((f=new ue.ActiveXObject("htmlfile")).open(),f.write(
"<html><body></body></html>"),f.close(),f.parentWindow.foreverframe=v),f.body?f:le}catch(e){return le}}(),
o=r.createElement("iframe"),c=b(u,n),i="push"+(c||""),a=!1;v[i]=function(e){a=a||"loading"===E(o),u[c]&&u[c].receive(e)}
,n.stop=function(){clearInterval(e),u[c]=null,l[l.length]=o,setTimeout(S,0)},t?n.isSource=function(e){
return e&&e==o.contentWindow}:r===le&&ue.addEventListener?(n.sign=function(){return function(e){try{
return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}}(o)},e=setInterval(function(){
var e=E(o);("denied"===e||a&&"loading"!==e)&&n.end()},250)):n.isUnwatched=!0,h(o,"load",function(){n.end()}),
o.style.display="none",o.referrerPolicy="origin",o.src=n.url(t?"&origin="+encodeURIComponent(be(s)
):"&callback=parent.foreverframe."+i),r.body.appendChild(o)},h(ue,"message",function(n){g(u,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(ye(n.data))})}),fe.poll=function(r){var o,c,i=null;
r.isUnwatched=!0,r.stop=function(){clearTimeout(c),o&&o.abort()},function a(n){var t=he(),e=i||r.earlier,e="&wait="+n+(
e?"&stream="+encodeURIComponent(e):"");r.limit(1e3*n),o=Me("GET",r.url(e+"&at="+t),null,function(e){
4===e.readyState&&!function(e,n){var t=e&&e.messages;t&&e.gaps?(e.stream!==i&&(i=e.stream,r.receive({type:"open",
stream:i,cursor:t.length?null:e.cursor,close:"streams/"+i+"/close"})),g(e.gaps,r.receive),g(t,r.receive),r.receive({
type:"cursor",cursor:e.cursor}),e.reason?r.receive({type:"close",reason:e.reason,reconnect:!e.stop,retryMs:0,
cursor:e.cursor}):r.isOnce&&!t.length?r.end():r.isLive()&&n&&!t.length?(r.limit(5e3),c=setTimeout(function(){a(25)},5e3)
):r.isLive()&&a(r.isOnce?0:25)):r.end(T(e))}(ye(e.responseText),n&&he()-t<1e3)})}(0)},fe.ndjson=function(r){var o=0,
e=Me("GET",r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");o=n.length-t.pop().length,
r.signs=n.length,g(t,function(e){r.receive(ye(e))}),4===e.readyState?r.end(T(ye(n))):1e6<o&&r.receive({type:"close",
reason:"recycle",reconnect:!0})});r.stop=function(){e.abort()}},fe.sse=function(n){var t=new ue.EventSource(n.url(""));
g(["message","ff-open","ff-cursor","ff-gap","ff-close"],function(e){t.addEventListener(e,function(e){n.receive(ye(e.data
))})}),t.addEventListener("ff-error",function(e){n.end(ye(e.data))}),t.onerror=function(){n.end()},n.isUnwatched=!0,
n.stop=function(){t.close()}},c="foreverframe.path ",a={},Ce=/^(client|admin|expired|replaced)$/,de=4e4,d=10,p=12,
m=ke=5e3,w=4,y=50,me=pe=!(fe.ws=function(n){var e=new ue.WebSocket(n.url("").replace(/^http/,"ws"));
e.onmessage=function(e){n.receive(ye(e.data))},e.onclose=function(){n.end()},n.stop=function(){e.close()}}),ve=[],v={
open:function(c){var o,H,e=function(e){var n=le.createElement("div"),t=le.createElement("a");return t.href=e,
ue.addEventListener||(n.innerHTML='<a href="'+e.replace(/&/g,"&amp;").replace(/"/g,"&quot;")+'"></a>',t=n.firstChild),t
}(String(c.url||"").replace(/[^\/]$/,"$&/")+"stream"),i=e.href,a=be(e),P=(function(e,n){if(!Re(e)&&!fe.hasOwnProperty(
e.transport))throw new Error('foreverframe: there is no transport "'+e.transport+'"');if(!/^https?:$/.test(n.protocol)
)throw new Error('foreverframe: "'+e.url+'" is no address of a server')}(c,e),3e4),F=5,s=Se(c.retryMs,5e3),u=0,l=!1;
function f(e,n){d(),H=ge(e,n)}function d(){clearTimeout(H)}function p(){d(),v?Ue(a,h)?S("poll","remembered"):pe?S(
"frame"):S("poll","loading"):S(c.transport)}function m(e,n,t){var r=e;t&&(l=!(Math.abs(he()-o)<P),o=l?he():o),
0<e&&s!==Infinity||(r=l?s/F:s,r*=Math.pow(2,Math.max(0,l?u-1:u)),r=Math.min(r,Math.max(s,P)),r*=l?.5+Math.random(
):.75+Math.random()/2,r=Math.round(r)),u++,f(r,p),R("lost",{retryMs:r,reason:n})}var v=Re(c),W=16,h=Se(c.frameAgainMs,
6e5),g=h/W,y=0;function X(){return v&&w&&"poll"===w.transport&&!w.isOnce}function _(){y=0,g=h/W}function j(){f(Ue(a,h),
function(){g=Math.min(2*g,h),B()})}function B(){pe&&S("frame","again")}var w=null,b=null,M=null,q=3,G=Math.min(Se(
c.silentMs,de)/4,3e4),T=15e3;function S(r,e,n){var t={transport:r,origin:a,isOnce:n,earlier:"poll"===r&&!n&&M&&M.polled,
isEarly:!pe,signs:0,url:function(e){return i+function(e,n){var t="?transport="+r+"&channels="+encodeURIComponent(String(
e.channels));return null!==n?t+="&after="+encodeURIComponent(n):e.after?t+="&after="+encodeURIComponent(e.after
):e.last&&(t+="&last="+encodeURIComponent(e.last)),e.client&&(t+="&client="+encodeURIComponent(e.client)),t}(c,C.cursor
)+e},isLive:function(){return t===w||t===b},receive:function(e){t.signs++,e&&t.isLive()&&function(e,n){
"open"===n.type?function(e,n){var t=e!==w&&w&&!w.isOnce;e.closeUrl=i.replace(/stream$/,"")+n.close,
e.polled="poll"===e.transport?n.stream:null,"closing"===C.state?Te((M=e).closeUrl,""):(e!==w&&(O(w),b=null),w=e,T=Se(
n.heartbeatMs,T),M=e.isOnce?null:e,C.stream=e.isOnce?null:n.stream,C.transport=e.isOnce?"shared":e.transport,function(e
){return null!==e&&null!==C.cursor&&Ee(e)!==Ee(C.cursor)}(n.cursor)||re(n.cursor),clearTimeout(e.timer),xe(e,T,Se(
c.silentMs,q*T),{good:_,missed:V,silent:function(){y++,U(e,null,"silent")}}),d(),u=0,l=!1,function(e){t&&(y=1),X()&&(
e.isEarly||Ue(a,h)||Le(a,g),j()),"frame"===e.transport&&Le(a,0)}(e),e.isOnce?R("open",{transport:"shared"}):(R("open",n)
,N("onopen",n)))}(e,n):"error"===n.type?U(e,n):e===w&&oe(n)}(t,e)},end:function(e){t.isLive()&&U(t,e,
t===w?"cut":"failed")},limit:function(e){clearTimeout(t.timer),t.timer=setTimeout(function(){U(t,null,"silent")},e+G)}};
E(b),(b=t).limit(0);try{fe[r](t)}catch(o){setTimeout(function(){t.end(v?null:{type:"error",
code:"FF_TRANSPORT_UNSUPPORTED",status:0,detail:'This browser cannot use "'+r+'" ('+o.message+'): take "auto" instead',
reconnect:!1})},0)}w||R("connecting",{transport:r,reason:e||null})}function E(e){e&&(clearTimeout(e.timer),e===b&&(
b=null),e===w&&(w=null,C.stream=null),e.stop&&(e.stop(),e.stop=null),e.isOnce)&&e.closeUrl&&Te(e.closeUrl,"")}
function O(e){e&&e===w&&n(Te),E(e)}function n(e){M&&(e(M.closeUrl,""),M=null)}function U(n,e,t,r){var o=n===w;(
"silent"===t?O:E)(n),n.isOnce&&e&&!e.reconnect?ce(e):n.isOnce?ee(o):"closing"===C.state?x("client"):w?(Le(a,g),j()
):e?ce(e):function(e){return v&&"frame"===n.transport&&(!e||n.isHeld||1<y)?(y=0,S("poll",t),1):void(e||Le(a,0))}(o)||m(
r||0,t,o)}function J(e){var n=w;M=null,"closing"===C.state?x(e.reconnect?"client":e.reason):e.reconnect?n.isOnce?(E(n),
ee(!1)):"recycle"===e.reason?(w=null,C.stream=null,S(n.transport,"recycle"),E(n)):(E(n),m(e.retryMs,e.reason)):(k(e,
C.cursor),$("closed",e,"onclose"))}var D=1e3;function V(){var t,r=w;function o(){return r===w&&"open"===C.state}
r&&!r.isOnce&&!r.isAsking&&o()&&(t=Ie(r),r.isAsking=!0,function(e,n){var t,r,o=!1;function c(e){o||(o=!0,clearTimeout(r)
,n(e))}r=ge(ke,function(){c({state:"away"}),t.abort()});try{t=Me("GET",e+"?at="+he(),null,function(e){
4===e.readyState&&c(function(e){var n;try{return(n=ye(e.responseText)||{}).state?n:n.code?{
state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{state:e.status&&e.status<500?"":"away"}}catch(t){return{state:"away"}}
}(e))})}catch(i){clearTimeout(r),ge(0,function(){c({state:""})})}}(r.closeUrl.replace(/\/close$/,""),function(e){
var n="closed"===e.state&&Ce.test(e.receipt.reason);r.isAsking=!1,o()&&("unknown"===e.state||"closed"===e.state&&!n?U(r,
null,"cut",1):"away"===e.state&&Ie(r)===t?U(r,null,"cut"):"away"===e.state?ge(D,V):e.state&&ge(D,function(){o()&&(n?J(
$e(e.receipt.reason,e.cursor)):Ie(r)!==t||Oe(e.cursor,C.cursor)||(r.isHeld=!0,U(r,null,"silent")))}))}))}var t,K=5,
r=null,L=!1,I=0;function z(){r&&(r.leave(),r=null)}function k(e,n){"epoch"===e.reason&&(t=e.after+e.upTo),r&&r.tell(e,n)
}function Q(){L=!1,E(b),E(w),p()}function Y(){L=!0,d(),E(b),O(w),C.transport="shared"}function Z(e){var n=e.event;
n&&"close"===n.type?$("closed",n,"onclose"):(n&&Oe(e.before,C.cursor)&&oe(n),"beat"===e.kind&&0<I&&I--,te(
)||b||w||0<I||("open"!==e.state||Oe(e.cursor,C.cursor
)&&e.restart===t?e.state!==C.state&&/^(connecting|open|lost)$/.test(e.state)&&R(e.state,{transport:"shared",
reason:e.reason,retryMs:e.retryMs}):(t=e.restart,S("poll","shared",!0))))}function ee(e){I=e?0:K}var ne={},C={
state:"connecting",cursor:null,stream:null,transport:null,close:function(){te()||"closing"===C.state||(!w||w.isOnce?(n(
Te),x("client")):(z(),E(b),Te(w.closeUrl,""),f(2e3,function(){x("client")}),R("closing",{})))},ack:function(){
w&&M&&null!==C.cursor&&Te(M.closeUrl.replace(/close$/,"ack"),'{"cursor":"'+C.cursor+'"}')}};function N(e,n,t){if(c[e]
)try{c[e](n,t)}catch(r){setTimeout(function(){throw r},0)}}function R(e,n){N("onstate",C.state=e,ne=n)}function te(){
return"closed"===C.state||"refused"===C.state}function re(e){return null!==e&&!Oe(e,C.cursor)&&(C.cursor=e,1)}
function oe(e){var n=C.cursor;"message"===e.type?re(e.id)&&(k(e,n),N("onmessage",e)):"cursor"===e.type?re(e.cursor)&&k(e
,n):"gap"===e.type?("epoch"===e.reason&&(C.cursor=e.upTo),k(e,n),N("ongap",e)):"close"===e.type&&J(e)}function ce(e){
e.reconnect?(m(0,e.code),N("onerror",e)):$("refused",e,"onerror")}function $(e,n,t){se(),function(e){for(
var n=0;n<ve.length;n++)if(ve[n]===e)return ve.splice(n,1)}(ie),R(e,n),N(t,n)}function x(e){$("closed",$e(e,C.cursor),
"onclose")}var A=!1,ie={begin:ae,hide:function(){n(Ne),A=!0,se()},show:function(){A&&(A=!1,"closing"===C.state?x(
"client"):me&&ae())},loaded:function(){!X()||b||Ue(a,h)||B()},wake:function(){("lost"!==C.state||L||A?V:p)()}};
function ae(){te()||A||r||b||w||(c.share&&(r=function(e,c){var n,i=String(Math.random()),t=!1,r=0,a=0,o=he()-2e3,s=!0,
u=function(n,t){var r,o;function c(e){e.key===n&&e.newValue&&t(ye(e.newValue))}try{if(ue.BroadcastChannel)return(
r=new ue.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){r.postMessage(e)},close:function(){
r.close()}};if((o=ue.localStorage).setItem(n,""),ue.addEventListener)return ue.addEventListener("storage",c,!1),{
say:function(e){o.setItem(n,ue.JSON.stringify(e))},close:function(){ue.removeEventListener("storage",c,!1);try{
o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){u&&e&&e.from!==i&&("hello"===e.kind?t&&l("beat"
):"bye"===e.kind?f():t&&!(e.visible===we()?e.from<i:e.visible)?l("beat"):(t&&(t=!1,c.release()),o=he(),s=!1,we(
)&&!e.visible&&f(),c.follow(e)))});function l(e,n,t){var r={n:++a,from:i,kind:e,visible:we(),event:n,before:t};
c.describe(r);try{u.say(r)}catch(o){}}function f(){o=he()-2e3,s=!0}return u?(n=setInterval(function(){var e=he()-o;r++,
t?r%4!=0&&we()||l("beat"):e<0?o=he():s&&e>(we()?2e3:2400)?(t=!0,l("beat"),c.hold()):1200<e&&(s=!0,l("hello"))},250),l(
"hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}(
["foreverframe",i,c.channels,c.client].join("\n"),{describe:function(e){e.state=C.state,e.reason=ne.reason,
e.retryMs=ne.retryMs,e.cursor=C.cursor,e.restart=t},hold:Q,release:Y,follow:Z})),L=!!r,r)||p()}function se(){d(),E(b),E(
w),z()}return function(e){ve[ve.length]=e,me&&setTimeout(e.begin,0)}(ie),C}},"complete"===le.readyState?pe=me=!0:(h(ue,
"load",function(){setTimeout(function(){pe=!0,o(),n("loaded")},50)}),setTimeout(function e(){le.body?o():setTimeout(e,
250)},1e4)),h(ue,"onpagehide"in ue?"pagehide":"unload",function(){n("hide"),S()}),h(ue,"pageshow",function(e){
e.persisted&&n("show")}),h(ue,"online",U),h(le,"visibilitychange",function(){we()?he()-r>m&&U():r=he()}),
ue.foreverframe=v)}(window);
